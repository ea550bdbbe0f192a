"""Addresses of the catalogue."""

from django.urls import path

from products.views import ProductDetailView, ProductListView, StockAdjustmentView

urlpatterns = [
    path("products", ProductListView.as_view()),
    path("products/<str:product_id>", ProductDetailView.as_view()),
    path("products/<str:product_id>/stock-adjustments", StockAdjustmentView.as_view()),
]
