"""What a cell leaves behind: ``record`` (`RunRecord`), ``queries`` and ``rankings`` beside it, ``find`` reads them."""
