"""The words from which the demo company is made: names that break naive software, streets, products.

Everything is invented; e-mail addresses end in `.example` (RFC 2606) and phone numbers use reserved ranges.
"""

from __future__ import annotations

AWKWARD_CUSTOMERS = (
    "Zoë O’Brien & Söhne GmbH",
    'L\'Atelier "Chez René" <SARL>',
    "株式会社サクラ商事",
    "北京东方贸易有限公司",
    "Café Luna 🌙🍰",
    "Nguyễn Thị Ánh",
    "Åse Bjørnstad-Müller",  # c7, whose token the demo prints: nothing is missing there
    "Мария Иванова",
    "Robert'); DROP TABLE customers;--",
    "شركة النور للتجارة",
    "A\N{COMBINING RING ABOVE}ngstro\N{COMBINING DIAERESIS}m Instruments AB",
    "Smith\\Jones % Partners_Ltd.",
    "김민준",
    "{{name}} ${name} %s",
    "Rhoshandiatellyneshiaunneveshenk Koyaanisquatsiuth Williams und Töchter Verwaltungs- und Beteiligungs-KG",
    "null",
)
"""The first customers of every demo company, c1 and following."""

GIVEN_NAMES = (
    "Anna", "Björn", "Chloé", "Dmitri", "Elif", "Françoise", "Giulia", "Håkon", "Inês", "Jürgen", "Kateřina", "Łukasz",
    "Máire", "Noor", "Ólafur", "Priya", "Quentin", "Renée", "Sören", "Tomáš", "Uxía", "Violeta", "Wanjiru", "Xavier",
    "Yūko", "Zeynep",
)  # fmt: skip
FAMILY_NAMES = (
    "Ávila", "Bauer", "Čapek", "D'Angelo", "Eriksson", "Fernández", "García-López", "Hofmann", "Ivanova", "Jørgensen",
    "Kowalski", "Lefèvre", "McDonald", "Nováková", "O'Connor", "Pérez", "Quispe", "Rossi", "Sjöberg", "Tanaka", "Ünal",
    "van den Berg", "Weiß", "Ximénez", "Yılmaz", "Żak",
)  # fmt: skip
COMPANY_FORMS = ("GmbH", "& Co. KG", "S.à r.l.", "Ltd", "S.p.A.", "AB", "& Sons", "Oy", "B.V.", "株式会社")
TRADES = ("Bau", "Logistics", "Électricité", "Foods", "Werkzeuge", "Textiles", "Medical", "Garden & Home", "Optics")

CITIES = (
    # city, postal code, region, country, currency, telephone prefix
    ("Berlin", "10115", None, "DE", "EUR", "+49 30 23125"),
    ("München", "80331", "Bayern", "DE", "EUR", "+49 89 99998"),
    ("Lyon", "69002", None, "FR", "EUR", "+33 1 99 00"),
    ("Zürich", "8001", "ZH", "CH", "EUR", "+41 44 555"),
    ("Kraków", "31-001", None, "PL", "EUR", "+48 12 555"),
    ("Göteborg", "411 03", None, "SE", "EUR", "+46 31 3900"),
    ("Saint John's", "A1C 5M2", "NL", "CA", "USD", "+1 709 555 01"),
    ("Portland", "97201", "OR", "US", "USD", "+1 503 555 01"),
    ("London", "EC1A 1BB", None, "GB", "GBP", "+44 20 7946 0"),
    ("Glasgow", "G1 1XQ", "Scotland", "GB", "GBP", "+44 141 496 0"),
    ("大阪市", "530-0001", "大阪府", "JP", "JPY", "+81 6 5550"),
    ("札幌市", "060-0001", "北海道", "JP", "JPY", "+81 11 5550"),
)
STREETS = ("Hauptstraße", "Rue de l'Église", "Market Street", "Calle Año Nuevo", "中央通り", "Østergade", "King's Road")
EXTRA_LINES = ("c/o Empfang", "2. OG links", "Bâtiment B", "Suite #400", "Hinterhaus & Hof")

PRODUCT_QUALITIES = ("Premium", "Öko", "Compact", "Heavy-duty", "Série 7", '19"', "Ø 12 mm", "Classic", "Rosé", "N°5")
PRODUCT_THINGS = (
    ("Schraube", "pcs"), ("Hammer", "pcs"), ("Cable", "m"), ("Crème brûlée mix", "kg"), ("Paint", "l"), ("Desk", "pcs"),
    ("Lamp & shade", "pcs"), ("Rope", "m"), ("Coffee", "kg"), ("Screwdriver <T10>", "pcs"), ("寿司 knife", "pcs"),
    ("Sealant", "l"), ("Consulting", "h"), ("O-ring", "pcs"), ("Shelf", "pcs"), ("Fabric", "m"), ("Filter", "pcs"),
)  # fmt: skip
FREE_TEXTS = ("Shipping & handling", "Assembly on site, 2½ h", "Gift wrapping “Noël”", "Versicherung", "手数料")
WAREHOUSES = ("BER", "LYO", "OSA")
DISCONTINUED_SKU = "SKU-9001"
"""Sold by the shop on old orders, unknown to the warehouse."""
ZERO_STOCK_SKU = "SKU-0013"
"""Known to every warehouse, on hand in none."""
