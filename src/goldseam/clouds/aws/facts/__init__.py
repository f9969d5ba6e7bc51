"""Facts about AWS resources, each with the evidence that it rests on."""
