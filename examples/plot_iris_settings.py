"""
The essay's own setting for iris
================================

The essay reports 96% of the held-out irises, from one random split into 105 flowers to learn from
and 45 to test with. It divides the data by their maximum and uses a learning rate of 0.5. The
demonstration of this package standardises each column and uses a rate of 1. Both, on the same 20
splits.
"""

import numpy as np

import fastscratch as fs
from fastscratch import Sequential, layers, optimizers
from fastscratch.datasets import load_iris
from fastscratch.initializers import RandomNormal
from fastscratch.plot import COLORS, panels

data, species, *_ = load_iris()
y = fs.utils.to_categorical(species)


def held_out_accuracy(x, rate, learn, test, epochs=30):
    """4-40-3, sigmoids, weights from N(0, 1), mini-batches of 10."""
    normal = RandomNormal(stddev=1)
    model = Sequential([layers.Input((4,))])
    for units in (40, 3):
        model.add(
            layers.Dense(units, "sigmoid", kernel_initializer=normal, bias_initializer=normal)
        )
    model.compile(optimizers.SGD(rate), "multilabel_crossentropy")
    model.fit(x[learn], y[learn], batch_size=10, epochs=epochs, verbose=0)
    return 100 * (model.predict(x[test]).argmax(axis=1) == species[test]).mean()


fs.utils.set_random_seed(0)
rng = np.random.default_rng(0)
names = "the essay's", "standardised, rate 1", "the essay's, 300 epochs"
results = {name: [] for name in names}
for _ in range(20):
    order = rng.permutation(150)
    learn, test = order[:105], order[105:]
    divided = data / data[learn].max(axis=0)
    standardised = (data - data[learn].mean(axis=0)) / data[learn].std(axis=0)
    results[names[0]].append(held_out_accuracy(divided, 0.5, learn, test))
    results[names[1]].append(held_out_accuracy(standardised, 1.0, learn, test))
    results[names[2]].append(held_out_accuracy(divided, 0.5, learn, test, epochs=300))
for name, shares in results.items():
    print(f"{name:25} {np.mean(shares):.1f}% ({min(shares):.0f} to {max(shares):.0f})")

(ax,) = panels(width=6.5, height=2.6)
jitter = rng.uniform(-0.2, 0.2, 20)
for place, shares in enumerate(results.values()):
    ax.plot(shares, place + jitter, "o", color=COLORS[place], alpha=0.6)
ax.axvline(96, color="0.5", linestyle=":")
ax.set_yticks(range(3), names)
ax.set(xlabel="held-out flowers classified right (%); dotted: the essay")
ax.invert_yaxis()
ax.figure

# %%
# The essay's 96% is a lucky split or a lucky seed: its setting gives less on average, and spreads
# widely. Divided by the maximum, all four columns are positive and much alike, so that the loss is
# a narrow valley: 30 epochs at this rate do not reach its end. With ten times as many, or with
# standardised columns, most splits give what the essay reports.
