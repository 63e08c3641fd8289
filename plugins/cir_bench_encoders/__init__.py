"""Built-in plugin of cir-bench."""
