"""The styles of the page "Styles", by the name of their picture."""

# A name: (sample image, what the URL says)
STYLES = {
    'default': ('great-salt-lake.tif', {}),
    'band': ('great-salt-lake.tif', {'band': 5}),
    'percentile': ('great-salt-lake.tif', {'band': 5, 'min': 'min:0.02', 'max': 'max:0.02'}),
    'elevation': (
        'sierra-nevada.tif',
        {'band': 1, 'palette': 'terrain', 'min': 0, 'max': 4000},
    ),
    'elevation-discrete': (
        'sierra-nevada.tif',
        {'band': 1, 'palette': 'terrain', 'min': 0, 'max': 4000, 'scheme': 'discrete'},
    ),
    'colors': (
        'greenness.tif',
        {
            'band': 1,
            'palette': '#7f3b08,#f7f7f7,#1b7837',
            'min': -0.2,
            'max': 0.2,
            'nodata': 'auto',
        },
    ),
    'false-color': (
        'great-salt-lake.tif',
        {
            'style': {
                'bands': [
                    {'band': 5, 'palette': '#f00', 'min': 'min:0.02', 'max': 'max:0.02'},
                    {'band': 4, 'palette': '#0f0', 'min': 'min:0.02', 'max': 'max:0.02'},
                    {'band': 3, 'palette': '#00f', 'min': 'min:0.02', 'max': 'max:0.02'},
                ]
            }
        },
    ),
    'by-name': (
        'great-salt-lake.tif',
        {
            'style': {
                'bands': [
                    {'band': 'short-wave infrared 2', 'palette': '#f00', 'min': 0, 'max': 120},
                    {'band': 'near infrared', 'palette': '#0f0', 'min': 0, 'max': 120},
                    {'band': 'green', 'palette': '#00f', 'min': 0, 'max': 120},
                ]
            }
        },
    ),
    'clamp': (
        'sierra-nevada.tif',
        {
            'style': {
                'band': 1,
                'palette': 'viridis',
                'min': 1500,
                'max': 3000,
                'clamp': False,
            }
        },
    ),
    'frame': ('mediterranean.tif', {'frame': 1}),
}
