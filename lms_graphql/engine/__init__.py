"""What runs an operation, and knows no LMS: documents, dataloaders, edges, Relay's conventions, the context, errors."""
