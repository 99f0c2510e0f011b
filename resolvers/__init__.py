"""Where a field gets its data: one function per relation, for many parents at once. Knows no HTTP server and no GraphQL."""
