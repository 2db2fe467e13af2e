"""The WSGI entry: `gunicorn wsgi:app`."""

from portal import create_app

app = create_app()

if app.config["SETTINGS"].environment == "demo":
    from demo.cli import demo

    app.cli.add_command(demo)
