"""The catalogue over HTTP."""

from drf_spectacular.utils import OpenApiExample, OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from products import inventory, selectors, services
from products.errors import (
    AdjustmentKeyReused,
    CatalogueUnavailable,
    InsufficientStock,
    ProductNotFound,
    StaleVersion,
    StockBusy,
)
from products.models import Product
from products.serializers import (
    AdjustStockInput,
    CreateProductInput,
    ListProductsQuery,
    ProductAnswer,
    ProductChangedAnswer,
    ProductDeletedAnswer,
    ProductListAnswer,
    ProductOutput,
    UpdateProductInput,
)
from shop import headers
from shop.pagination import InvalidCursor, decode_cursor, encode_cursor
from shop.schema import Link, describe
from users.callers import caller_of
from users.permissions import ReadOnlyOrAdmin

NEW_PRODUCT = {
    "name": "Desk lamp",
    "price": 39.9,
    "stock": 25,
    "category": "Home",
    "description": "Warm light, three steps.",
}

_MADE = {"product_id": "$response.body#/product/productId"}
_LISTED = {"product_id": "$response.body#/products/0/productId"}
NEXT_CALLS = [
    Link("get_product", _MADE),
    Link("update_product", _MADE),
    Link("replace_product_fields", _MADE),
    Link("adjust_stock", _MADE),
    Link("delete_product", _MADE),
    Link(
        "place_order",
        body={
            "email": "customer@example.com",
            "items": [{"productId": "$response.body#/product/productId", "quantity": 1}],
        },
    ),
]

PRODUCT_ID = OpenApiParameter(
    "product_id", str, OpenApiParameter.PATH, examples=[OpenApiExample("The first", value="prod_001")]
)
# Not one that the example of an order names with its price.
OTHER_PRODUCT_ID = OpenApiParameter(
    "product_id", str, OpenApiParameter.PATH, examples=[OpenApiExample("The third", value="prod_003")]
)
LAST_PRODUCT_ID = OpenApiParameter(
    "product_id",
    str,
    OpenApiParameter.PATH,
    examples=[OpenApiExample("The last of the samples", value="prod_040")],
)


def _answer(product: Product, *, status: int = 200, message: str | None = None) -> Response:
    body = {"success": True, "product": ProductOutput(product).data}
    if message is not None:
        body["message"] = message
    return Response(body, status=status, headers={"ETag": f'"{_tag(product)}"'})


def _actor(request: Request) -> str:
    caller = caller_of(request)
    return caller.sub if caller else ""


def _tag(product: Product) -> str:
    return f"{product.version}-{product.stock}"


def _expected_version(request: Request) -> int | None:
    """Return the version that ``If-Match`` asks for; sales change the tag's second half only."""
    tags = headers.entity_tags(request.headers.get("If-Match"))
    if tags is None or tags == ["*"]:
        return None
    version, _, _stock = (tags[0] if len(tags) == 1 else "").partition("-")
    if not (version.isascii() and version.isdigit()):
        raise StaleVersion("If-Match does not name a version of this product.")
    return int(version[:18])


class ProductListView(APIView):
    """All products."""

    permission_classes = (ReadOnlyOrAdmin,)

    @describe(
        operation_id="list_products",
        success={200: (ProductListAnswer, "A page of products, in order of their ids.")},
        errors=[InvalidCursor, CatalogueUnavailable],
        parameters=[ListProductsQuery],
        links=[
            Link("get_product", _LISTED, words="The first of the page; the same for the others."),
            Link(
                "list_products", {"cursor": "$response.body#/nextCursor"}, words="The next page, if not null."
            ),
        ],
        auth="optional",
    )
    def get(self, request: Request) -> Response:
        """List the products, all or of one category."""
        query = ListProductsQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        category = query.validated_data.get("category")
        scope = "products" if category is None else f"products:{category}"
        cursor = query.validated_data.get("cursor")
        page, last = selectors.list_products(
            category=category,
            limit=query.validated_data["limit"],
            after=decode_cursor(cursor, scope=scope)["after"] if cursor else None,
        )
        return Response(
            {
                "success": True,
                "count": len(page),
                "products": ProductOutput(page, many=True).data,
                "nextCursor": encode_cursor({"after": last}, scope=scope) if last else None,
            }
        )

    @describe(
        operation_id="create_product",
        request=CreateProductInput,
        success={201: (ProductChangedAnswer, "It is in the catalogue.")},
        errors=[CatalogueUnavailable],
        parameters=[headers.LOCATION],
        examples=[OpenApiExample("A lamp", value=NEW_PRODUCT)],
        links=NEXT_CALLS,
    )
    def post(self, request: Request) -> Response:
        """Add a product to the catalogue."""
        body = CreateProductInput(data=request.data)
        body.is_valid(raise_exception=True)
        product = services.create_product(fields=body.validated_data, actor=_actor(request))
        response = _answer(product, status=201, message="Product created successfully")
        response["Location"] = f"/products/{product.product_id}"
        return response


class ProductDetailView(APIView):
    """One product."""

    permission_classes = (ReadOnlyOrAdmin,)

    @describe(
        operation_id="get_product",
        success={
            200: (ProductAnswer, "The product as it is now."),
            304: (None, "It is still as `If-None-Match` says."),
        },
        errors=[ProductNotFound, CatalogueUnavailable],
        parameters=[PRODUCT_ID, headers.IF_NONE_MATCH, headers.ETAG],
        links=[
            Link("update_product", {**_MADE, "If-Match": "$response.header.ETag"}),
            Link(
                "get_product", {**_MADE, "If-None-Match": "$response.header.ETag"}, words="304 if unchanged."
            ),
        ],
        auth="optional",
    )
    def get(self, request: Request, product_id: str) -> Response:
        """Read one product; its stock is exact at the moment of reading."""
        product = selectors.get_product(product_id)
        tags = headers.entity_tags(request.headers.get("If-None-Match"))
        if tags is not None and (tags == ["*"] or _tag(product) in tags):
            return Response(status=304, headers={"ETag": f'"{_tag(product)}"'})
        return _answer(product)

    @describe(
        operation_id="replace_product_fields",
        request=UpdateProductInput,
        success={200: (ProductChangedAnswer, "It is changed.")},
        errors=[ProductNotFound, StaleVersion, StockBusy, CatalogueUnavailable],
        parameters=[OTHER_PRODUCT_ID, headers.IF_MATCH],
        examples=[OpenApiExample("A new price", value={"price": 239.0, "stock": 180})],
    )
    def put(self, request: Request, product_id: str) -> Response:
        """Change the fields that are sent; the others stay (the same as PATCH)."""
        return self._update(request, product_id)

    @describe(
        operation_id="update_product",
        request=UpdateProductInput,
        success={200: (ProductChangedAnswer, "It is changed.")},
        errors=[ProductNotFound, StaleVersion, StockBusy, CatalogueUnavailable],
        parameters=[OTHER_PRODUCT_ID, headers.IF_MATCH],
        examples=[OpenApiExample("A new price", value={"price": 229.0})],
    )
    def patch(self, request: Request, product_id: str) -> Response:
        """Change the fields that are sent; the others stay."""
        return self._update(request, product_id)

    def _update(self, request: Request, product_id: str) -> Response:
        body = UpdateProductInput(data=request.data)
        body.is_valid(raise_exception=True)
        product = services.update_product(
            product_id,
            changes=body.validated_data,
            expected_version=_expected_version(request),
            actor=_actor(request),
        )
        return _answer(product, message="Product updated successfully")

    @describe(
        operation_id="delete_product",
        success={
            200: (
                ProductDeletedAnswer,
                "It is gone from the catalogue; past orders keep what they know of it.",
            )
        },
        errors=[ProductNotFound, StockBusy, CatalogueUnavailable],
        parameters=[LAST_PRODUCT_ID],
    )
    def delete(self, _request: Request, product_id: str) -> Response:
        """Take a product out of the catalogue for good."""
        services.delete_product(product_id)
        return Response({"success": True, "message": "Product deleted successfully"})


class StockAdjustmentView(APIView):
    """Changes of one product's stock by a difference."""

    permission_classes = (ReadOnlyOrAdmin,)

    @describe(
        operation_id="adjust_stock",
        request=AdjustStockInput,
        success={200: (ProductChangedAnswer, "The stock is changed; with a known key: was changed before.")},
        errors=[
            ProductNotFound,
            InsufficientStock,
            AdjustmentKeyReused,
            headers.InvalidIdempotencyKey,
            CatalogueUnavailable,
        ],
        parameters=[PRODUCT_ID, headers.IDEMPOTENCY_KEY, headers.IDEMPOTENT_REPLAYED],
        examples=[OpenApiExample("Five came in", value={"delta": 5, "reason": "restock"})],
    )
    def post(self, request: Request, product_id: str) -> Response:
        """Add units to the stock or take some away; never below zero."""
        body = AdjustStockInput(data=request.data)
        body.is_valid(raise_exception=True)
        key = headers.idempotency_key_of(request)
        actor = _actor(request)
        product, repeated = inventory.adjust(
            product_id,
            delta=body.validated_data["delta"],
            reason=body.validated_data["reason"],
            key=key and f"{actor}:{key}",
            actor=actor,
        )
        response = _answer(product, message="Stock adjusted successfully")
        if repeated:
            response["Idempotent-Replayed"] = "true"
        return response
