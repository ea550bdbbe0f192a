"""Addresses of the orders."""

from django.urls import path

from orders.report_views import SalesView
from orders.views import OrderCancelView, OrderDetailView, OrderListView
from orders.webhooks import StripeWebhookView

urlpatterns = [
    path("orders", OrderListView.as_view()),
    path("orders/<str:order_id>", OrderDetailView.as_view()),
    path("orders/<str:order_id>/cancel", OrderCancelView.as_view()),
    path("reports/sales", SalesView.as_view()),
    path("payments/stripe/webhook", StripeWebhookView.as_view()),
]
