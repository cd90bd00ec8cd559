"""
Classical filters, and a colour image
=====================================

Before networks learned their filters, people designed them. Here are the Laplace filter (edges in
all directions) and the Sobel filters (slopes across and down), and a filter over a colour image:
one sum over the window *and* the three channels.
"""

import numpy as np

from fastscratch.datasets import load_photograph
from fastscratch.ops import conv, conv_image
from fastscratch.plot import panels

photograph = load_photograph()
laplace = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
across, down = conv_image(photograph, sobel), conv_image(photograph, sobel.T)

axes = panels(3, 3.6, 4)
pictures = conv_image(photograph, laplace), across, np.hypot(across, down)
for ax, picture, title, limit in zip(
    axes, pictures, ("Laplace", "Sobel, across", "length of the slope"), (60, 200, 300), strict=True
):
    ax.imshow(picture, cmap="gray", vmin=0 if title.startswith("length") else -limit, vmax=limit)
    ax.set_title(title)
    ax.set_axis_off()
axes[0].figure

# %%
# A colour image has the shape (height, width, 3), and a filter for it (rows, columns, 3, 1). This
# one looks for places that are redder than green: it averages over 5 x 5 pixels, with weight 1 for
# red and -1 for green.
size = photograph.shape[0]
warmth = np.linspace(0, 1, size)[None, :, None]
tint = warmth * np.array([1.0, 0.7, 0.5]) + (1 - warmth) * np.array([0.5, 0.8, 1.0])
colour = (photograph[..., None] / 255 * tint).astype(np.float32)
redder = np.zeros((5, 5, 3, 1), np.float32)
redder[..., 0, 0], redder[..., 1, 0] = 1 / 25, -1 / 25
(found,) = conv(colour[None], redder)

left, right = panels(2, 4, 4.2)
left.imshow(colour)
right.imshow(found[..., 0], cmap="RdBu_r", vmin=-0.3, vmax=0.3)
for ax, title in ((left, "a photograph, tinted"), (right, "redder than green")):
    ax.set_title(title)
    ax.set_axis_off()
left.figure
