from prometheus_client import core

from django_large_image import metrics


class LargeImageCollector:
    def collect(self):
        for name, samples in metrics.counters().items():
            kind, text, labels = metrics.FAMILIES[name]
            family = getattr(core, f'{kind.title()}MetricFamily')(name, text, labels=labels)
            for values, value in samples.items():
                histogram = isinstance(value, metrics.Histogram)
                family.add_metric(values, *(value if histogram else [value]))
            yield family


core.REGISTRY.register(LargeImageCollector())
