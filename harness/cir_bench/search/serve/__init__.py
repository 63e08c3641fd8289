"""``cir-bench serve``: indexes searched in a browser, and by other programs through a JSON API.

* ``library.py``: the served indexes, and their images by opaque id; ``uploads.py``: images of users; ``thumbnails.py``;
* ``feedback.py``: triplets that users found right, as a benchmark in the ``folder`` format;
* ``guard.py``: what every request must satisfy before it is answered; ``limits.py``: bounds on rate and number;
* ``explain.py``: what methods show of how a query came about;
* ``models.py``: what is asked and answered; ``openapi.py``: their description;
* ``api.py``, ``app.py``: the routes; ``run.py``: the server itself; ``static/``: the page.

Everything but ``library``, ``uploads``, ``thumbnails`` and ``feedback`` needs the extra ``[serve]``.
"""
