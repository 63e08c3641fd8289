"""Parameters as pydantic models: ``models`` has the bases and the settings of training, ``fill`` fills any of them."""
