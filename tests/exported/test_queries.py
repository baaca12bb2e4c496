from __future__ import annotations

from framecue.exported.queries import ODD_TEXTS, ordinary_queries


def test_the_queries_are_200_and_all_different() -> None:
    queries = ordinary_queries()
    assert len(queries) == len(set(queries)) == 200
    assert all(query.strip() == query and 3 <= len(query) <= 60 for query in queries)
    assert not set(queries) & set(ODD_TEXTS)
