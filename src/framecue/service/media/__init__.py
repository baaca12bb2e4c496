"""Videos of a library as browsers play them."""
