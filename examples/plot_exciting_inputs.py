"""
Edges, then shapes: what excites a filter most
==============================================

Edges become shapes, and shapes become noses, says the essay. Which input excites a filter most? It
can be found by gradient *ascent*: begin with grey noise, and move the pixels in the direction in
which the filter's response rises. A filter of the first layer sees 5 x 5 pixels; one of the second,
after a pooling, 14 x 14 pixels: its receptive field.
"""

import numpy as np

import fastscratch as fs
from fastscratch import Sequential, layers, optimizers
from fastscratch.datasets import load_mnist
from fastscratch.plot import mosaic, panels

(images, labels), (images_test, labels_test) = load_mnist()
x = images[..., None] / np.float32(255)
fs.utils.set_random_seed(0)
model = Sequential(
    [
        layers.Input((28, 28, 1)),
        layers.Conv2D(8, 5, activation="relu", name="first"),
        layers.MaxPooling2D(),
        layers.Conv2D(16, 5, activation="relu", name="second"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    ]
)
model.compile(optimizers.Adam(0.003), "sparse_categorical_crossentropy")
model.fit(x, labels, epochs=3, verbose=0)


# %%
# An input as large as the receptive field gives each filter one answer. Ascent is descent of a
# loss: of the absolute error to a target that is one more than the answer.
def most_exciting(layer, size):
    """For each filter of a layer the input of this size that it answers to most."""
    w = model.get_weights()
    body = Sequential([layers.Input((size, size, 1))])
    if layer == "second":
        body.add(layers.Conv2D(8, 5, activation="relu"))
        body.add(layers.MaxPooling2D())
    body.add(layers.Conv2D(8 if layer == "first" else 16, 5))  # its answers before the ReLU
    body.set_weights(w[: len(body.get_weights())])
    body.compile(loss="mean_absolute_error")
    n = len(body.get_weights()[-1])
    pixels = np.random.default_rng(0).uniform(0.4, 0.6, (n, size, size, 1)).astype(np.float32)
    for _ in range(60):
        target = body.predict(pixels)
        for o in range(n):
            target[o, ..., o] += 1  # more than it answers now
        slope = body.input_gradients(pixels, target)
        slope /= np.abs(slope).max(axis=(1, 2, 3), keepdims=True) + 1e-12
        pixels = np.clip(pixels - 0.05 * slope, 0, 1)
    return pixels[..., 0], body.predict(pixels)


edges, _ = most_exciting("first", 5)
shapes, response = most_exciting("second", 14)

left, right = panels(2, 4.5, 4.5)
mosaic(edges, columns=4, ax=left, vmin=0, vmax=1)
left.set_title("first layer: 5 x 5 pixels")
mosaic(shapes, columns=4, ax=right, vmin=0, vmax=1)
right.set_title("second layer: 14 x 14 pixels")
left.figure

# %%
# Beside the strongest response that any of 2,000 real digits gives to each filter of the second
# layer:
maps = model.submodel("second").predict(images_test[..., None] / np.float32(255))
strongest = maps.max(axis=(0, 1, 2))
made = response.reshape(16, 16).diagonal()
print(f"made inputs excite {np.sum(made > strongest)} of 16 filters more than any digit does")
print(f"in the median {np.median(made / np.maximum(strongest, 1e-6)):.1f} times as much")

# %%
# Strokes in one direction on the left. On the right the patterns are larger: ends, crossings and
# bends of strokes. Noses need photographs, more layers and more filters.
