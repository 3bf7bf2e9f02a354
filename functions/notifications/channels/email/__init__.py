"""Mail, rendered from templates and sent through SES."""
