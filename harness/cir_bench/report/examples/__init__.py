"""Pages of example queries: reference image, modification text, and the ten best images of each method.

``queries`` reads how the methods of a section ranked its queries, ``sampling`` selects some, ``explanations`` asks
methods how they came to their answers, ``images`` embeds small pictures, and ``pages`` writes the files.
"""
