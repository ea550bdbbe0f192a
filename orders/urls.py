"""Addresses of the orders."""

from django.urls import path

from orders.views import OrderCancelView, OrderDetailView, OrderListView

urlpatterns = [
    path("orders", OrderListView.as_view()),
    path("orders/<str:order_id>", OrderDetailView.as_view()),
    path("orders/<str:order_id>/cancel", OrderCancelView.as_view()),
]
