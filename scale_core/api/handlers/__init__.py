"""One class for each tag of the document; the protocols in `scale_generated.routes` say what each must have."""
