"""Names of everyday things, for the sentences of the regularisation. Imports no torch."""

_NAMED = """
person man woman child face hand dog cat horse cow sheep bird fish elephant bear zebra giraffe monkey insect butterfly
flower tree grass leaf mountain river lake sea beach sky cloud forest field rock snow street road bridge house
building tower church window door room kitchen bathroom bedroom office shop car bus train truck bicycle motorcycle
boat ship airplane table chair sofa bed lamp clock mirror book newspaper sign phone computer television camera
keyboard cup plate bowl bottle glass knife spoon bread cake pizza sandwich salad fruit apple banana orange vegetable
meat dress shirt skirt jacket coat shoe boot hat bag umbrella glasses ball toy kite skateboard surfboard guitar piano
flag statue box
"""
CONCEPTS = tuple(_NAMED.split())
"""The paper's are the classes of Open Images."""
