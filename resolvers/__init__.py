"""Where a field gets its data: one function per relation, for many parents at once. Knows no GraphQL and no server."""
