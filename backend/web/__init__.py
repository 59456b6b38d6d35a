"""What a learner sees: the help centre's pages and the chat widget.

`templates/` are Jinja2, `static/` plain CSS and ES modules. `topics` holds the wording of the pages, `assets` the
static files, `render` turns articles into what the templates show. The routes are in `backend/http/pages.py`.
"""
