"""The reference for a framework: a Django JSON view that touches no store, without middlewares."""

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path

settings.configure(
    SECRET_KEY="bench", ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"], USE_TZ=True, LOGGING_CONFIG=None
)
PRODUCT = {
    "productId": "prod_000001",
    "name": "Product 1",
    "price": 12.5,
    "stock": 1000000,
    "category": "category-1",
    "description": "Made for the benchmark. " * 8,
    "metadata": {"colour": "blue", "size": "M"},
    "createdAt": "2026-11-01T00:00:00.000Z",
    "updatedAt": "2026-11-01T00:00:00.000Z",
    "version": 1,
}


def product(_request: HttpRequest, _product_id: str) -> JsonResponse:
    response = JsonResponse({"success": True, "product": PRODUCT})
    response["Content-Length"] = str(len(response.content))  # else gunicorn sends it in chunks
    return response


urlpatterns = [path("products/<str:_product_id>", product)]
application = get_wsgi_application()
