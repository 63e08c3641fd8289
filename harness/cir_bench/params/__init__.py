"""Parameters as pydantic models: ``models`` has the base classes and the settings of training, ``fill`` fills them."""
