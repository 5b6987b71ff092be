"""One Spark Connect session for the tests: a JSON request a line on stdin, a JSON answer a line on stdout.

{"sql": TEXT}                 runs a statement; the answer has its rows as texts
{"sql": TEXT, "to": FILE}     writes a query's rows to a Parquet file, by pyarrow
"""
import json
import sys

import pyarrow.parquet
from pyspark.sql import SparkSession

session = SparkSession.builder.remote(sys.argv[1]).getOrCreate()
print(json.dumps({"version": session.version}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    try:
        frame = session.sql(request["sql"])
        if "to" in request:
            table = frame.toArrow()
            pyarrow.parquet.write_table(table, request["to"], coerce_timestamps="us")
            answer = {"rowCount": table.num_rows}
        else:
            answer = {"rows": [[None if value is None else str(value) for value in row] for row in frame.collect()]}
    except Exception as error:
        answer = {"error": str(error)[:2000]}
    print(json.dumps(answer), flush=True)
