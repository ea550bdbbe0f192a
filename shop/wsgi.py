"""The WSGI application that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

from shop import traces

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
traces.start(service="web")  # before the middlewares are loaded: its own is among them
application = get_wsgi_application()
