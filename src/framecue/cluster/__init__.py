"""A library's work on several machines, by Ray; ray, lance_ray and lance are imported here alone."""
