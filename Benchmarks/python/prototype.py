"""What a small service in Python is: FastAPI, a scikit-learn pipeline, the features of every customer in memory.

It stands for the prototype that churn replaces, without its database: `uvicorn prototype:app`, PROTOTYPE_FOLDER names a
folder made by prepare.py."""
import json
import os

import numpy as np
import pandas as pd
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

folder = os.environ["PROTOTYPE_FOLDER"]
document = json.load(open(os.path.join(os.path.dirname(__file__), "../../models/seed-logistic/1/model.json")))
names = [part["feature"] for part in document["inputs"]]
scaler, logistic = StandardScaler(), LogisticRegression()
scaler.mean_ = np.array([part["mean"] for part in document["inputs"]])
scaler.scale_ = np.array([part["scale"] for part in document["inputs"]])
logistic.coef_ = np.array([[part["coefficient"] for part in document["inputs"]]])
logistic.intercept_, logistic.classes_ = np.array([document["intercept"]]), np.array([0, 1])
model = make_pipeline(scaler, logistic)
customers = pd.read_csv(f"{folder}/features.csv", index_col="id")[names]
app = FastAPI()


@app.get("/health")
def health():
    return {"status": "ok", "customers": len(customers)}


@app.get("/predict/{customer}")
def predict(customer: int):
    if customer not in customers.index:
        raise HTTPException(404, "no such customer")
    features = customers.loc[[customer]].to_numpy()
    return {"customer_id": customer, "churn_probability": float(model.predict_proba(features)[0, 1])}


class Asked(BaseModel):
    customer_id: int


@app.post("/predict_churn_by_id")
def predict_churn_by_id(asked: Asked):
    if asked.customer_id not in customers.index:
        return {"error": "Customer not found"}
    features = customers.loc[[asked.customer_id]]
    probability = float(model.predict_proba(features.to_numpy())[0, 1])
    return {
        "customer_id": asked.customer_id,
        "features": features.iloc[0].to_dict(),
        "prediction": {"churn_probability": probability, "churn_prediction": int(probability >= document["threshold"])},
    }
