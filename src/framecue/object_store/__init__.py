"""Object stores: what lies at URLs such as ``s3://bucket/a.mp4`` is listed, read and written.

obstore is imported here alone. A URL is given and taken as text, in the form that :func:`urls.normal_url` makes.
"""
