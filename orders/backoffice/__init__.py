"""The back office: what staff see and do, at /admin/. The pages of all rooms live here, because orders see them all.

A page of its own is four things:

1. a subclass of :class:`orders.backoffice.page.StaffPage` (who may see it, its title, its path, its template);
2. a template that extends ``backoffice/page.html`` and fills the block ``page``;
3. a line in ``PAGES`` of :mod:`orders.backoffice.admin`, which gives it its address;
4. a line in :mod:`orders.backoffice.navigation`, if it belongs into the side bar.

What staff may do is named in :mod:`orders.backoffice.roles`, once; a page asks for one of those permissions.
Nothing inline (no ``<script>``, ``<style>``, ``style=``, ``onclick=``): the Content-Security-Policy refuses it.
Scripts and styles are files in ``static/backoffice/``.
"""
