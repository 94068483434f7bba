# SPDX-License-Identifier: GPL-3.0-or-later
"""What gunicorn serves: the shop of $APP_VERSION on $SHOP_DATABASE, recorded into $SHOP_TRACES when that is set."""
import os

from flask import request

from shop import create_app

app = create_app(os.environ["APP_VERSION"], os.environ["SHOP_DATABASE"])

if os.environ.get("SHOP_TRACES"):
    import fmd_record

    fmd_record.bind(
        app,
        directory=os.environ["SHOP_TRACES"],
        application="shop",
        group_by=lambda: request.cookies.get("customer"),
    )
