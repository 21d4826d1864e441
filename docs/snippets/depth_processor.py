import numpy as np

from django_large_image.depth import processors
from django_large_image.depth.records import Records
from django_large_image.exceptions import ParameterError


class LAS:
    """LAS 2.0 without wrapped lines: after `~A` a line per depth, -999.25 for nothing."""

    def records(self, file):
        file.seek(0)
        lines = enumerate(file, 1)
        number = next((number for number, line in lines if line.startswith(b'~A')), None)
        if number is None:
            raise ParameterError('The file has no section ~A.')
        try:
            table = np.loadtxt((line.decode('ascii') for _, line in lines), ndmin=2)
        except ValueError as error:
            raise ParameterError(f'Section ~A: {error}') from None
        table[table == -999.25] = np.nan
        places = np.arange(number + 1, number + 1 + len(table))
        yield Records(table[:, 0], table[:, 1:].astype('float32'), places)


processors.register('.las', LAS())
