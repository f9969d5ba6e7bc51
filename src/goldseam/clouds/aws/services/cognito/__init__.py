"""Cognito: user pools and their clients, and identity pools: who may become a user, and what a guest may do."""
