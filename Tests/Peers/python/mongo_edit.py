"""Changes a database behind the store's back, to see what the store makes of it.

    mongo_edit.py URI STATEMENT...

`db` is the database of the address.
"""

import sys

import pymongo
from bson.int64 import Int64

if __name__ == "__main__":
    uri, *statements = sys.argv[1:]
    db = pymongo.MongoClient(uri).get_default_database()
    # The build that readers see, and its records.
    build = db.builds.find_one(sort=[("generation", -1)])
    features = db[build["records"]] if build else None
    for statement in statements:
        exec(statement, {"db": db, "build": build, "features": features, "Int64": Int64})
