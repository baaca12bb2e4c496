"""Words with times: what is said and what is written in a video, whoever found it."""
