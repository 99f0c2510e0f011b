"""The words by which domains, fields and parameters are known in the APIs of others."""

from __future__ import annotations

import re
from typing import Final

DOMAINS: Final[dict[str, tuple[str, ...]]] = {
    "customers": ("customer", "client", "thirdparty", "account", "debtor", "partner", "contact", "company"),
    "orders": ("salesorder", "order", "sale"),
    "products": ("product", "article", "stock", "inventory", "sku", "item"),
    "invoices": ("invoice", "bill", "receivable", "creditnote"),
}
FIELDS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "Customer": {
        "id": ("id", "customerid", "clientid", "rowid", "key", "uuid"),
        "number": ("number", "customernumber", "customerno", "clientnumber", "no", "code", "reference", "ref"),
        "name": ("displayname", "fullname", "companyname", "customername", "name", "title"),
        "email": ("email", "emailaddress", "mail"),
        "phone": ("phone", "phonenumber", "telephone", "tel", "mobile"),
        "addresses": ("addresses", "address", "billingaddress", "postaladdress"),
        "status": ("status", "state"),
        "created_at": ("createdat", "created", "creationdate", "datecreation", "datecreated", "createdon", "since"),
    },
    "Address": {
        "kind": ("type", "kind", "usage"),
        "lines": ("street", "lines", "line1", "address1", "streetaddress", "addressline"),
        "postal_code": ("zip", "postalcode", "zipcode", "postcode"),
        "city": ("city", "town"),
        "region": ("region", "state", "province", "county"),
        "country": ("country", "countrycode"),
    },
    "Order": {
        "id": ("id", "orderid", "rowid", "key", "uuid"),
        "number": ("ordernumber", "orderno", "number", "no", "reference", "ref", "code"),
        "customer_id": ("customerid", "customer", "clientid", "client", "accountid", "socid"),
        "status": ("status", "state"),
        "placed_at": ("placedat", "orderedat", "orderdate", "createdat", "created", "date"),
        "total": ("grandtotal", "totalamount", "total", "amount", "totalgross"),
        "lines": ("lines", "orderlines", "positions", "lineitems", "items", "details"),
    },
    "OrderLine": {
        "sku": ("sku", "productsku", "articleno", "article", "productref", "productcode", "itemno"),
        "description": ("description", "text", "label", "title", "name"),
        "quantity": ("quantity", "qty", "count"),
        "unit_price": ("unitprice", "price", "priceperunit"),
        "line_total": ("linetotal", "amount", "total", "sum"),
    },
    "Product": {
        "sku": ("sku", "articleno", "articlenumber", "productcode", "code", "ref", "id"),
        "name": ("name", "label", "title", "productname", "description"),
        "available": ("available", "availablequantity", "instock", "stockavailable"),
        "stock": ("stock", "stocklevels", "levels", "warehouses", "inventory"),
    },
    "StockLevel": {
        "warehouse": ("warehouse", "warehouseid", "warehousecode", "location", "site", "store"),
        "on_hand": ("onhand", "quantity", "qty", "stock", "physical"),
        "reserved": ("reserved", "allocated"),
        "available": ("available", "free"),
    },
    "Invoice": {
        "id": ("id", "invoiceid", "rowid", "key", "uuid"),
        "number": ("invoicenumber", "invoiceno", "docno", "documentnumber", "number", "no", "ref"),
        "customer_id": ("customerid", "customer", "clientid", "accountid", "debtorid", "socid"),
        "order_id": ("orderid", "order", "salesorderid"),
        "kind": ("kind", "type", "doctype", "documenttype"),
        "status": ("status", "state"),
        "issued_on": ("issuedon", "issuedate", "invoicedate", "documentdate", "date"),
        "due_on": ("dueon", "duedate", "due", "paymentdue"),
        "total": ("total", "grandtotal", "totalamount", "amount", "totalgross"),
        "balance": ("balance", "open", "openamount", "amountdue", "outstanding", "remaining", "remaintopay"),
    },
}
PAGING: Final[dict[str, tuple[str, ...]]] = {
    "offset": ("offset", "skip", "start", "from"),
    "page": ("page", "pageno", "pagenumber", "pageindex"),
    "cursor": ("cursor", "pagetoken", "nexttoken", "after", "startingafter", "continuationtoken", "skiptoken"),
    "limit": ("limit", "pagesize", "perpage", "size", "top", "count", "take", "maxresults"),
}
SEARCH: Final = ("q", "query", "search", "text", "searchtext")
FILTERS: Final[dict[str, tuple[str, ...]]] = {
    "customers": ("created_from", "created_to"),
    "orders": ("placed_from", "placed_to"),
    "products": (),
    "invoices": ("issued_from", "issued_to", "due_from", "due_to", "overdue"),
}
TOTALS: Final = ("total", "totalcount", "count", "totalitems", "totalresults")
NEXT: Final = ("nextcursor", "cursor", "nextpagetoken", "nexttoken", "next", "endcursor", "continuationtoken")
AMOUNTS: Final = ("value", "amount", "cents", "minor")
CURRENCIES: Final = ("currency", "currencycode", "multicurrencycode")


def plain(name: str) -> str:
    """A name without case and punctuation: `docNo`, `doc_no` and `DocNo` are one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def parts(name: str) -> list[str]:
    """The words of a name: `GetInvoicesOfOrders` has four."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", name)]


def singular(word: str) -> str:
    """`companies` is `company`, `orders` is `order`."""
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def domain_in(words: list[str]) -> str | None:
    """The domain that the first known word names."""
    for word in words:
        for domain, known in DOMAINS.items():
            if singular(word) in known:
                return domain
    return None
