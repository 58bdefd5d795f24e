// The health check of the database: healthy is a primary. The first run makes a replica set of one; later ones only look.
db.getSiblingDB('admin').auth(process.env.MONGO_INITDB_ROOT_USERNAME, process.env.MONGO_INITDB_ROOT_PASSWORD);
// A member that is not primary at the moment has the name of its set.
if (!db.hello().setName) rs.initiate({ _id: 'rs0', members: [{ _id: 0, host: 'mongo:27017' }] });
// An election among one takes a moment; the check's own time-out ends the wait.
while (!db.hello().isWritablePrimary) sleep(100);
