"""A browser in the middle of an import, without the browser."""

PAGE = "/admin/catalogue/import/"
HEAD = "productId,name,price,stock,category,description\r\n"
MUG = "prod_mug,Mug,12.50,5,Home,\r\n"
PAN = "prod_pan,Pan,54.5,0,Home,\r\n"
POT = "prod_pot,Pot,20,7,Home,\r\n"


class Import:
    """A browser in the middle of an import."""

    def __init__(self, client):
        self.client = client
        self.ticket = ""
        self.seals = {}

    def send(self, step, **fields):
        """One step; the answer, whose ticket is kept."""
        answer = self.client.post(
            PAGE, {"step": step, "ticket": self.ticket, **fields}, content_type="application/json"
        )
        self.status = answer.status_code
        if answer["Content-Type"] != "application/json":
            return {}
        said = answer.json()
        self.ticket = said.pop("ticket", self.ticket)
        return said

    def begin(self, **fields):
        return self.send("begin", **{"why": "autumn prices", "file_name": "autumn.csv", **fields})

    def check(self, rows, *, first=2, columns=HEAD):
        said = self.send("check", first=str(first), columns=columns, rows=rows)
        self.seals[rows] = said.get("seal", "")
        return said

    def write(self, rows, *, first=2, columns=HEAD, **fields):
        sent = {"first": str(first), "columns": columns, "rows": rows, "seal": self.seals.get(rows, "")}
        return self.send("write", **{**sent, **fields})

    def whole(self, *pieces, **fields):
        """All of it, in these pieces; what it came to."""
        self.begin(**fields)
        firsts = [2 + sum(piece.count("\r\n") for piece in pieces[:at]) for at in range(len(pieces))]
        for piece, first in zip(pieces, firsts, strict=True):
            self.check(piece, first=first)
        self.send("start")
        for piece, first in zip(pieces, firsts, strict=True):
            self.write(piece, first=first)
        return self.send("end").get("told")
