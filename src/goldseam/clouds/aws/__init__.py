"""AWS: how it is called, read and written, and the kinds, facets and controls of its services."""
