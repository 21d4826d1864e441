import io
import json
from urllib.parse import urlencode
from urllib.request import urlopen

import numpy as np


def read_frame(address, depth_min, depth_max):
    """Return depths (n) and values (n, width) of an image such as `https://host/depth/1`."""
    query = urlencode({'depth_min': depth_min, 'depth_max': depth_max})
    with urlopen(f'{address}/frame.npy?{query}') as answer:
        values = np.load(io.BytesIO(answer.read()))
    with urlopen(f'{address}/depths?{query}') as answer:
        depths = np.array(json.load(answer)['depths'])
    return depths, values
