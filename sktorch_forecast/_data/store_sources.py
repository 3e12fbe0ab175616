"""Data too large for memory, read in parts: Parquet files and polars queries."""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .columns import is_polars

# Rows in a part, not counting its last series, which may continue in the next one.
_AT_ONCE = 1 << 18


def is_streamed(source: Any) -> bool:
    """Whether rows come in parts: from a path, or from a polars query."""
    return isinstance(source, (str, os.PathLike)) or is_query(source)


def is_query(source: Any) -> bool:
    """Whether `source` is a polars LazyFrame."""
    return is_polars(source) and type(source).__name__ == "LazyFrame"


class Stream:
    """Rows of a source, in parts that consist of whole series.

    Parameters
    ----------
    source : path-like or LazyFrame of polars
        A Parquet file, a folder of them, or a query.

    Attributes
    ----------
    columns : list of str
        Names of its columns.
    n_rows : int or None
        Number of rows, if that is known at no cost.
    """

    columns: list[str]
    n_rows: int | None = None

    def __init__(self, source: Any) -> None:
        self.source = source
        if is_query(source):
            self.columns = source.collect_schema().names()
            return
        _check_path(Path(source))
        if find_spec("pyarrow") is not None:
            import pyarrow.dataset

            self._dataset = pyarrow.dataset.dataset(source, format="parquet")
            self.columns = self._dataset.schema.names
            self.n_rows = self._dataset.count_rows()
        elif find_spec("polars") is not None:
            self.source = _scanned(source)
            self.columns = self.source.collect_schema().names()
        else:
            raise ImportError(
                "Expected pyarrow or polars, which read Parquet files, found neither. "
                "Install one: pip install pyarrow."
            )

    def parts(self, columns: list[str]) -> Iterator[Any]:
        """Frames of some columns, each with a complete last series.

        Parameters
        ----------
        columns : list of str
            Which columns; the first one names the series of a row.

        Yields
        ------
        frame : DataFrame of pandas or polars
        """
        if is_query(self.source):
            frames = _collected(self.source.select(columns))
        else:
            frames = self._tables(columns)
        rest, n_rest = [], 0
        for frame in frames:
            rest.append(frame)
            n_rest += len(frame)
            if n_rest < _AT_ONCE:
                continue
            whole = _concatenated(rest)
            end = _begin_of_last(whole)
            if end:
                yield _as_frame(whole[:end])
            rest = [_with_own_names(whole[end:])]
            n_rest = len(rest[0])
        if n_rest:
            yield _as_frame(_concatenated(rest))

    def _tables(self, columns: list[str]) -> Iterator[Any]:
        """Arrow tables with rows of the files, one after the other.

        Not through the dataset, which reads far ahead of its consumer.
        """
        import pyarrow
        import pyarrow.parquet

        schema = pyarrow.schema([self._dataset.schema.field(c) for c in columns])
        # A thousand equal names share one string, as in the file.
        id = schema.field(0)
        names = [id.name] if _is_text(id.type) else []
        if names:
            kind = pyarrow.dictionary(pyarrow.int32(), id.type)
            schema = schema.set(0, id.with_type(kind))
        how = {"pre_buffer": False, "read_dictionary": names}
        for path in self._dataset.files:
            with pyarrow.parquet.ParquetFile(path, **how) as file:
                lacking = set(columns) - set(file.schema_arrow.names)
                if lacking:
                    raise ValueError(
                        f"Expected the columns {columns} in every file, found no "
                        f"{sorted(lacking)} in {path!r}."
                    )
                batches = file.iter_batches(_AT_ONCE // 4, columns=columns)
                for batch in batches:
                    table = pyarrow.Table.from_batches([batch])
                    yield _with_own_names(table.select(columns).cast(schema))

    def sorted_by(self, id: str, time: str) -> "Stream":
        """The rows, sorted by series and time with polars.

        Raises
        ------
        ValueError
            If polars is not installed.
        """
        query = self.source
        if not is_query(query):
            if find_spec("polars") is None:
                raise ValueError(
                    f"Expected the rows of each series together and in time order, "
                    f"found some in {os.fspath(self.source)!r} that are not. Install "
                    f"polars, which sorts them, or sort the rows by {[id, time]} first."
                )
            query = _scanned(self.source)
        return Stream(query.sort([id, time]))


def _collected(query: Any) -> Iterator[Any]:
    """The rows of a query in parts; older versions of polars cannot do that."""
    if not hasattr(query, "collect_batches"):
        import polars

        raise ImportError(
            "Expected a version of polars that collects a query in batches, 1.34 or "
            f"later, found {polars.__version__}. Upgrade it, pass query.collect() if "
            "that fits into memory, or install pyarrow and pass Parquet files."
        )
    return query.collect_batches(chunk_size=_AT_ONCE, maintain_order=True)


def _check_path(path: Path) -> None:
    if not path.exists():
        raise FileNotFoundError(
            "Expected a frame, a Parquet file or a folder of Parquet files, found "
            f"nothing at {str(path)!r}."
        )


def _scanned(source: Any) -> Any:
    import polars

    path = Path(source)
    return polars.scan_parquet(path / "**/*.parquet" if path.is_dir() else path)


def _concatenated(tables: list) -> Any:
    """Arrow tables or polars frames, concatenated."""
    if len(tables) == 1:
        return tables[0]
    if is_polars(tables[0]):
        import polars

        return polars.concat(tables)
    import pyarrow

    return pyarrow.concat_tables(tables).unify_dictionaries().combine_chunks()


def _with_own_names(table: Any) -> Any:
    """Rows of a table, without the unused names that a slice of it still carries."""
    if is_polars(table):
        return table
    import pyarrow
    import pyarrow.compute

    ids = table[0].combine_chunks()
    if not pyarrow.types.is_dictionary(ids.type):
        return table
    compute: Any = pyarrow.compute  # whose functions are made when it is imported
    own = ids.indices.unique().drop_null()
    codes = compute.index_in(ids.indices, value_set=own)
    names = pyarrow.DictionaryArray.from_arrays(codes, ids.dictionary.take(own))
    return table.set_column(0, table.column_names[0], names)


def _begin_of_last(table: Any) -> int:
    """The row where the series of the last row begins, 0 if it is the only one."""
    if is_polars(table):
        codes, _ = pd.factorize(table.to_series(0).to_numpy())
    else:
        ids = table[0].combine_chunks().dictionary_encode()
        codes = ids.indices.fill_null(-1).to_numpy()
    is_other = (codes != codes[-1])[::-1]
    n_last = int(np.argmax(is_other))
    return len(codes) - n_last if is_other[n_last] else 0


def _as_frame(table: Any) -> Any:
    """A polars frame as it is, an Arrow table as a pandas frame."""
    if is_polars(table):
        return table
    # Column by column, since grouping columns by type would copy them.
    return table.to_pandas(date_as_object=False, split_blocks=True)


def _is_text(kind: Any) -> bool:
    import pyarrow

    return pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind)
