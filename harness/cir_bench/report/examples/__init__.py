"""Pages with queries to look at: reference image, modification text, the ten best images of each method.

``choose`` which queries · ``cells`` from a record back to its cell · ``material`` queries and rankings · ``pictures``
images as small pictures · ``explain`` what methods show of their queries · ``pages`` files.
"""
