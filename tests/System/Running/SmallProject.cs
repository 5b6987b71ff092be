namespace Lepton.Data.Tests.System.Running;

/// <summary>A small project on small files: two sources, three steps, a feature view, a training set. Tests bend it until it breaks.</summary>
internal static class SmallProject
{
    internal const string PipelineFile = "pipelines/shop.yaml";
    internal const string FeatureFile = "features/shop.yaml";
    internal const string OrderFile = "data/orders.csv";
    internal const string CustomerFile = "data/customers.csv";

    /// <summary>Rows of the table <c>orders</c>: 8 lines, of which one has no known customer and one a negative amount.</summary>
    internal const int GoodOrderCount = 6;

    internal static TestFolder Create()
    {
        TestFolder folder = new();
        folder.Write("lepton.yaml", """
            project: shop
            lake: lake
            """);
        folder.Write(OrderFile, """
            order_id,customer,ordered_at,amount
            1,ada,2024-03-01 09:00:00,10.00
            2,bao,2024-03-01 10:30:00,20.50
            3,ada,2024-03-01 11:00:00,5.25
            4,nobody,2024-03-01 12:00:00,7.00
            5,bao,2024-03-02 09:00:00,-1.00
            6,ada,2024-03-02 09:30:00,30.00
            7,chen,2024-03-02 10:00:00,12.75
            8,chen,2024-03-03 08:00:00,99.99

            """);
        folder.Write(CustomerFile, """
            customer,city
            ada,London
            bao,上海
            chen,北京

            """);
        folder.Write(PipelineFile, """
            pipeline: shop
            sources:
              orders_raw:
                format: csv
                path: data/orders.csv
                columns:
                  ordered_at: { type: TIMESTAMP, zone: UTC }
                  amount: { type: "DECIMAL(10,2)" }
                  order_id: { type: BIGINT }
              customers_raw:
                format: csv
                path: data/customers.csv
            steps:
              customers:
                sql: SELECT customer, city FROM customers_raw
                expect:
                  customer_unique: { unique: [customer] }
              orders:
                sql: |
                  SELECT order_id, customer, ordered_at, amount
                  FROM orders_raw
                event_time: ordered_at
                expect:
                  customer_known: { column: customer, in: customers.customer }
                  amount_positive: { sql: amount > 0 }
              customer_daily:
                sql: |
                  SELECT
                    customer,
                    date_trunc('day', ordered_at) + INTERVAL 24 HOUR AS event_time,
                    date_trunc('day', ordered_at) + INTERVAL 25 HOUR AS created_time,
                    count(*) AS orders,
                    sum(amount) AS amount
                  FROM orders
                  GROUP BY customer, date_trunc('day', ordered_at)
                event_time: event_time
                created_time: created_time

            """);
        folder.Write(FeatureFile, """
            entities:
              customer: { keys: [customer] }
            feature_views:
              customer_daily:
                entity: customer
                table: customer_daily
                event_time: event_time
                created_time: created_time
                ttl: 7d
                features: [orders, amount]
            feature_services:
              shop_model: { features: [customer_daily] }
            training_sets:
              big_orders:
                service: shop_model
                labels: |
                  SELECT order_id, customer, ordered_at, amount > 10 AS is_big
                  FROM orders
                  ORDER BY order_id
                event_time: ordered_at
                split: { train: { before: 2024-03-03 }, test: { before: 2024-04-01 } }

            """);
        return folder;
    }
}
