"""Addresses of identity."""

from django.urls import path

from users import back_office, me_views, views

urlpatterns = [
    path("admin/login/", back_office.sign_in),  # before Django's own, which knows no limits
    path("users/signup", views.SignUpView.as_view()),
    path("users/confirm", views.ConfirmView.as_view()),
    path("users/resend-code", views.ResendCodeView.as_view()),
    path("users/login", views.LogInView.as_view()),
    path("users/refresh", views.RefreshView.as_view()),
    path("users/logout", me_views.LogOutView.as_view()),
    path("users/forgot-password", views.ForgotPasswordView.as_view()),
    path("users/reset-password", views.ResetPasswordView.as_view()),
    path("users/change-password", me_views.ChangePasswordView.as_view()),
    path("users/me", me_views.MeView.as_view()),
    path("users/me/confirm-email", me_views.ConfirmEmailView.as_view()),
]
