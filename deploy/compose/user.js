// Run once by mongo's image, when the database is new: the user that churn is, who may use its own database only.
db.getSiblingDB('churn').createUser({
  user: 'churn',
  pwd: process.env.CHURN_MONGO_PASSWORD,
  roles: [{ role: 'readWrite', db: 'churn' }],
});
