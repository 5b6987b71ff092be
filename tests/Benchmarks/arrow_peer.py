"""pyarrow's and pandas's side of the benchmarks: does what a line asks for, and answers with a line. usage: arrow_peer.py"""
import sys
import pyarrow as pa, pyarrow.ipc as ipc, pyarrow.parquet as parquet


def pipeline(folder):
    """The flights example with pandas: the same tables and the same quarantine."""
    import glob
    import pandas as pd
    airports = pd.read_csv(f'{folder}/data/airports.csv', dtype={'iata': str}, keep_default_na=False)[['iata', 'name', 'city', 'state', 'country', 'latitude', 'longitude']]
    airports.to_parquet(f'{folder}/plain/airports.parquet', compression='zstd')
    raw = pd.concat([pd.read_parquet(file) for file in sorted(glob.glob(f'{folder}/data/flights-?.parquet'))], ignore_index=True)
    raw['date'] = raw['date'].dt.tz_localize('UTC')
    raw['known_at'] = raw['date'] + pd.Timedelta(minutes=30) + pd.to_timedelta(8 * raw['distance'], unit='s')
    flights = raw.drop_duplicates()
    del raw
    reasons = {
        'event_time_present': flights['date'].isna(),
        'origin_known': flights['origin'].notna() & ~flights['origin'].isin(airports['iata']),
        'destination_known': flights['destination'].notna() & ~flights['destination'].isin(airports['iata']),
        'distance_positive': ~(flights['distance'] > 0),
        'delay_in_range': ~flights['delay'].between(-120, 1440),
    }
    is_bad = pd.concat(reasons, axis=1).any(axis=1)
    flights[is_bad].to_parquet(f'{folder}/plain/flights__quarantine.parquet', compression='zstd')
    flights = flights[~is_bad]
    flights.to_parquet(f'{folder}/plain/flights.parquet', compression='zstd')
    flights = flights.assign(is_late=flights['delay'] > 15)
    for table, column in (('airport_hourly', 'known_at'), ('airport_hourly_by_departure', 'date')):
        groups = flights.groupby(['origin', flights[column].dt.floor('h')])
        hourly = groups.agg(flights=('delay', 'size'), mean_delay=('delay', 'mean'), share_late=('is_late', 'mean'), last_landing=('known_at', 'max'))
        hourly['p90_delay'] = groups['delay'].quantile(0.9, interpolation='lower')
        hourly.reset_index().to_parquet(f'{folder}/plain/{table}.parquet', compression='zstd')


table = None
for line in sys.stdin:
    command, path = line.split()
    if command == 'load':
        table = ipc.open_file(pa.OSFile(path)).read_all()
    elif command == 'write':
        with pa.OSFile(path, 'wb') as out, ipc.new_file(out, table.schema) as writer:
            writer.write_table(table)
    elif command in ('read', 'map'):
        reader = ipc.open_file(pa.OSFile(path) if command == 'read' else pa.memory_map(path))
        for i in range(reader.num_record_batches):
            reader.get_batch(i)
    elif command == 'open':
        ipc.open_file(pa.memory_map(path)).schema
    elif command == 'pipeline':
        pipeline(path)
    elif command == 'parquet':
        parquet.read_table(path)
    print('done', flush=True)
