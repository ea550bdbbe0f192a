"""The catalogue and its stock, kept in DynamoDB."""
