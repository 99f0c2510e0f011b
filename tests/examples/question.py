"""The README's question, asked of an ERP: one customer, its orders, their stock and their invoices."""

QUESTION = """
query ($id: ID!, $first: Int!) {
  customer(id: $id) {
    name
    orders(first: $first) {
      nodes {
        number
        status
        placedAt
        total { amount currency }
        lines { sku quantity product { available stock { warehouse onHand } } }
        invoices { nodes { number status dueOn total { amount currency } balance { amount } } }
      }
    }
  }
}
"""
