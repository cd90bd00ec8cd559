"""
A table: dummies, scaling, and a split
======================================

A table with a category among its columns, through scikit-learn's own pieces: a train/test split,
dummies for the category, scaling for the numbers, and a network as the last step. The pipeline
learns means, deviations and categories from the training rows alone, so nothing leaks.
"""

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from fastscratch.datasets import load_iris
from fastscratch.linear_model import LinearRegression
from fastscratch.neural_network import MLPRegressor
from fastscratch.plot import COLORS, panels

iris = load_iris()
table = pd.DataFrame(
    iris.data, columns=["sepal length", "sepal width", "petal length", "petal width"]
)
table["species"] = [iris.target_names[k] for k in iris.target]
X, y = table.drop(columns="petal width"), table["petal width"]

columns = make_column_transformer(
    (OneHotEncoder(drop="first"), ["species"]),
    (StandardScaler(), ["sepal length", "sepal width", "petal length"]),
)
network = MLPRegressor(
    hidden_layer_sizes=(10,), max_iter=300, learning_rate_init=0.01, random_state=0
)
models = {
    "linear regression": make_pipeline(columns, LinearRegression()),
    "network, 10 units": make_pipeline(columns, network),
}

X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=50, random_state=0)
axes = panels(2, 4.2, 4)
for ax, (name, model), color in zip(axes, models.items(), COLORS, strict=False):
    model.fit(X_train, y_train)
    ax.plot(y_test, model.predict(X_test), "o", color=color, alpha=0.6)
    ax.plot([0, 2.6], [0, 2.6], color="0.5", linewidth=1)
    ax.set(title=name, xlabel="petal width (cm)", ylabel="predicted")
axes[0].figure

# %%
# Cross-validated, the fit of the scaling included:
scores = {name: cross_val_score(model, X_train, y_train, cv=5) for name, model in models.items()}
for name, r2 in scores.items():
    print(f"{name}: R² {np.mean(r2):.2f} ({r2.min():.2f} to {r2.max():.2f})")

# %%
# The network does not beat the regression: petal width is a linear function of these columns, but
# for noise. Do the regression first.
