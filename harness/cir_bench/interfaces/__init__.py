"""The interfaces that plugins implement, and what passes between them.

* ``dataset``, ``encoder``, ``composer``, ``loss``, ``method`` (and ``finetuning``): one base class each;
  ``submission``: the files of a test server;
* ``specs``: what hooks return; ``kinds``: the kinds of objects; ``build``: what constructors get;
* ``features``, ``embedding``, ``explanation``: the typed objects in between; ``levels``: needs and provides;
* ``events``: what listeners hear; ``executor``: where cells are computed; ``spec_params``: a spec's parameters.

``specs``, ``kinds``, ``levels``, ``events``, ``executor``, ``submission`` and ``spec_params`` import no torch.
"""
