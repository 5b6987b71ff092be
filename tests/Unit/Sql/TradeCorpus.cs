namespace Lepton.Data.Tests.Unit.Sql;

/// <summary>Tables and questions of a trading company: the eight tables and the 22 shapes of the TPC-H benchmark, in their order, in words of our own.</summary>
internal static class TradeCorpus
{
    /// <summary>Small tables whose rows follow from their numbers.</summary>
    internal static (string Name, string Columns, string Rows)[] Tables { get; } =
    [
        ("region", "r_key INTEGER, r_name VARCHAR", "SELECT i, ['EUROPE', 'AMERICA', 'ASIA', 'AFRICA'][i + 1] FROM range(4) r(i)"),
        ("nation", "n_key INTEGER, n_name VARCHAR, n_region INTEGER", "SELECT i, ['FRANCE', 'GERMANY', 'BRAZIL', '中国', 'KENYA'][i + 1], [0, 0, 1, 2, 3][i + 1] FROM range(5) r(i)"),
        ("customer", "c_key INTEGER, c_name VARCHAR, c_nation INTEGER, c_balance DECIMAL(12,2), c_segment VARCHAR, c_phone VARCHAR",
            "SELECT i, 'Customer ' || i, i % 5, (i * 7919 % 20011 - 5000) / 100.0, ['BUILDING', 'AUTOMOBILE', 'MACHINERY'][i % 3 + 1], (10 + i * 7 % 25) || '-' || i FROM range(40) r(i)"),
        ("supplier", "s_key INTEGER, s_name VARCHAR, s_nation INTEGER, s_balance DECIMAL(12,2)", "SELECT i, 'Supplier ' || i, i * 3 % 5, i * 1.25 FROM range(8) r(i)"),
        ("part", "p_key INTEGER, p_name VARCHAR, p_brand VARCHAR, p_type VARCHAR, p_size INTEGER, p_container VARCHAR",
            "SELECT i, ['green nut', 'red bolt', 'forest green pin'][i % 3 + 1], 'Brand#' || (i % 4), ['PROMO STEEL', 'SMALL BRASS', 'LARGE BRASS'][i % 3 + 1], i % 17, ['MED BOX', 'SM CASE'][i % 2 + 1] FROM range(25) r(i)"),
        ("supply", "ps_part INTEGER, ps_supplier INTEGER, ps_available INTEGER, ps_cost DECIMAL(12,2)", "SELECT i % 25, (i * 5 + i // 25) % 8, i * 37 % 1000, i * 1.5 FROM range(100) r(i)"),
        ("orders", "o_key INTEGER, o_customer INTEGER, o_status VARCHAR, o_total DECIMAL(12,2), o_date DATE, o_priority VARCHAR, o_comment VARCHAR",
            "SELECT i, i * 13 % 33, ['O', 'F', 'P'][i % 3 + 1], i * 311 % 5003 + 0.5, DATE '1994-01-01' + CAST(i * 17 % 1200 AS INTEGER), (i % 5 + 1) || '-URGENT', ['special requests', 'none'][i % 2 + 1] FROM range(150) r(i)"),
        ("lineitem", "l_order INTEGER, l_number INTEGER, l_part INTEGER, l_supplier INTEGER, l_quantity DECIMAL(12,2), l_price DECIMAL(12,2), l_discount DECIMAL(12,2), l_tax DECIMAL(12,2), l_flag VARCHAR, l_status VARCHAR, l_shipped DATE, l_committed DATE, l_received DATE, l_mode VARCHAR",
            "SELECT i % 150, i // 150, i * 7 % 25, i * 3 % 8, i % 50 + 1, (i * 97 % 9001) + 1, (i % 11) / 100.0, (i % 9) / 100.0, ['A', 'N', 'R'][i % 3 + 1], ['O', 'F'][i % 2 + 1], DATE '1994-01-10' + CAST(i * 11 % 1300 AS INTEGER), DATE '1994-01-15' + CAST(i * 11 % 1290 AS INTEGER), DATE '1994-01-12' + CAST(i * 11 % 1310 AS INTEGER), ['MAIL', 'SHIP', 'AIR', 'RAIL'][i % 4 + 1] FROM range(600) r(i)"),
    ];

    internal static string[] Queries { get; } =
    [
        """
        SELECT l_flag, l_status, sum(l_quantity) AS quantity, sum(l_price * (1 - l_discount)) AS discounted, sum(l_price * (1 - l_discount) * (1 + l_tax)) AS charge,
          avg(l_quantity) AS mean_quantity, count(*) AS orders
        FROM lineitem WHERE l_shipped <= DATE '1997-12-01' - INTERVAL '90' DAY GROUP BY l_flag, l_status ORDER BY l_flag, l_status
        """,
        """
        SELECT s_balance, s_name, n_name, p_key FROM part, supplier, supply, nation, region
        WHERE p_key = ps_part AND s_key = ps_supplier AND p_size < 15 AND p_type LIKE '%BRASS' AND s_nation = n_key AND n_region = r_key AND r_name = 'EUROPE'
          AND ps_cost = (SELECT min(ps_cost) FROM supply, supplier, nation, region WHERE p_key = ps_part AND s_key = ps_supplier AND s_nation = n_key AND n_region = r_key AND r_name = 'EUROPE')
        ORDER BY s_balance DESC, n_name, s_name, p_key LIMIT 100
        """,
        """
        SELECT l_order, sum(l_price * (1 - l_discount)) AS revenue, o_date FROM customer, orders, lineitem
        WHERE c_segment = 'BUILDING' AND c_key = o_customer AND l_order = o_key AND o_date < DATE '1995-03-15' AND l_shipped > DATE '1995-03-15'
        GROUP BY l_order, o_date ORDER BY revenue DESC, o_date, l_order LIMIT 10
        """,
        """
        SELECT o_priority, count(*) AS order_count FROM orders
        WHERE o_date >= DATE '1995-01-01' AND o_date < DATE '1995-01-01' + INTERVAL '3' MONTH
          AND EXISTS (SELECT * FROM lineitem WHERE l_order = o_key AND l_committed < l_received)
        GROUP BY o_priority ORDER BY o_priority
        """,
        """
        SELECT n_name, sum(l_price * (1 - l_discount)) AS revenue FROM customer, orders, lineitem, supplier, nation, region
        WHERE c_key = o_customer AND l_order = o_key AND l_supplier = s_key AND c_nation = s_nation AND s_nation = n_key AND n_region = r_key AND r_name = 'EUROPE' GROUP BY n_name ORDER BY revenue DESC
        """,
        "SELECT sum(l_price * l_discount) AS revenue FROM lineitem WHERE l_shipped >= DATE '1994-01-01' AND l_discount BETWEEN 0.06 - 0.01 AND 0.06 + 0.01 AND l_quantity < 24",
        """
        SELECT supp_nation, l_year, sum(volume) AS revenue FROM (
          SELECT n1.n_name AS supp_nation, n2.n_name AS cust_nation, extract(year FROM l_shipped) AS l_year, l_price * (1 - l_discount) AS volume
          FROM supplier, lineitem, orders, customer, nation n1, nation n2
          WHERE s_key = l_supplier AND o_key = l_order AND c_key = o_customer AND s_nation = n1.n_key AND c_nation = n2.n_key
            AND ((n1.n_name = 'FRANCE' AND n2.n_name = 'GERMANY') OR (n1.n_name = '中国' AND n2.n_name = 'FRANCE'))) AS shipping
        GROUP BY supp_nation, l_year ORDER BY supp_nation, l_year
        """,
        """
        SELECT o_year, sum(CASE WHEN nation = 'BRAZIL' THEN volume ELSE 0 END) / sum(volume) AS share FROM (
          SELECT extract(year FROM o_date) AS o_year, l_price * (1 - l_discount) AS volume, nation.n_name AS nation
          FROM lineitem JOIN orders ON o_key = l_order JOIN supplier ON s_key = l_supplier JOIN nation ON s_nation = n_key JOIN part ON p_key = l_part
            JOIN customer ON c_key = o_customer JOIN nation AS home ON c_nation = home.n_key JOIN region ON home.n_region = r_key WHERE r_name = 'EUROPE' AND p_type = 'SMALL BRASS') AS all_nations
        GROUP BY o_year ORDER BY o_year
        """,
        """
        SELECT n_name, sum(l_price * (1 - l_discount) - ps_cost * l_quantity) AS profit FROM part, supplier, lineitem, supply, nation
        WHERE s_key = l_supplier AND ps_supplier = l_supplier AND ps_part = l_part AND p_key = l_part AND s_nation = n_key AND p_name LIKE '%green%' GROUP BY n_name ORDER BY n_name
        """,
        """
        SELECT c_key, c_name, sum(l_price * (1 - l_discount)) AS revenue, c_balance, n_name FROM customer, orders, lineitem, nation
        WHERE c_key = o_customer AND l_order = o_key AND l_flag = 'R' AND c_nation = n_key GROUP BY c_key, c_name, c_balance, n_name ORDER BY revenue DESC, c_key LIMIT 20
        """,
        """
        SELECT ps_part, sum(ps_cost * ps_available) AS value FROM supply, supplier, nation WHERE ps_supplier = s_key AND s_nation = n_key AND n_name <> 'KENYA'
        GROUP BY ps_part HAVING sum(ps_cost * ps_available) > (SELECT sum(ps_cost * ps_available) * 0.05 FROM supply) ORDER BY value DESC, ps_part
        """,
        """
        SELECT l_mode, sum(CASE WHEN o_priority = '1-URGENT' OR o_priority = '2-URGENT' THEN 1 ELSE 0 END) AS high, sum(CASE WHEN o_priority <> '1-URGENT' THEN 1 ELSE 0 END) AS low
        FROM orders, lineitem WHERE o_key = l_order AND l_mode IN ('MAIL', 'SHIP') AND l_committed < l_received GROUP BY l_mode ORDER BY l_mode
        """,
        """
        SELECT c_count, count(*) AS customers FROM (SELECT c_key, count(o_key) FROM customer LEFT OUTER JOIN orders ON c_key = o_customer AND o_comment NOT LIKE '%special%requests%' GROUP BY c_key) AS c_orders(c_key, c_count)
        GROUP BY c_count ORDER BY customers DESC, c_count DESC
        """,
        "SELECT 100.00 * sum(CASE WHEN p_type LIKE 'PROMO%' THEN l_price * (1 - l_discount) ELSE 0 END) / sum(l_price * (1 - l_discount)) AS promo FROM lineitem, part WHERE l_part = p_key",
        """
        WITH revenue AS (SELECT l_supplier AS supplier_no, sum(l_price * (1 - l_discount)) AS total FROM lineitem WHERE l_shipped >= DATE '1996-01-01' GROUP BY l_supplier)
        SELECT s_key, s_name, total FROM supplier, revenue WHERE s_key = supplier_no AND total = (SELECT max(total) FROM revenue) ORDER BY s_key
        """,
        """
        SELECT p_brand, p_type, count(DISTINCT ps_supplier) AS suppliers FROM supply, part WHERE p_key = ps_part AND p_brand <> 'Brand#1' AND p_size IN (1, 4, 9, 14)
          AND ps_supplier NOT IN (SELECT s_key FROM supplier WHERE s_name LIKE '%7') GROUP BY p_brand, p_type ORDER BY suppliers DESC, p_brand, p_type
        """,
        "SELECT sum(l_price) / 7.0 AS yearly FROM lineitem, part WHERE p_key = l_part AND p_container = 'MED BOX' AND l_quantity < (SELECT 0.9 * avg(l_quantity) FROM lineitem WHERE l_part = p_key)",
        """
        SELECT c_name, o_key, o_date, sum(l_quantity) AS quantity FROM customer, orders, lineitem
        WHERE o_key IN (SELECT l_order FROM lineitem GROUP BY l_order HAVING sum(l_quantity) > 120) AND c_key = o_customer AND o_key = l_order
        GROUP BY ALL ORDER BY quantity DESC, o_key
        """,
        """
        SELECT sum(l_price * (1 - l_discount)) AS revenue FROM lineitem, part
        WHERE (p_key = l_part AND p_brand = 'Brand#2' AND l_quantity BETWEEN 1 AND 11) OR (p_key = l_part AND p_brand = 'Brand#3' AND p_size BETWEEN 1 AND 10 AND l_mode IN ('AIR', 'RAIL'))
        """,
        """
        SELECT s_name FROM supplier, nation WHERE s_key IN (
          SELECT ps_supplier FROM supply WHERE ps_part IN (SELECT p_key FROM part WHERE p_name LIKE 'forest%')
            AND ps_available > (SELECT 0.5 * sum(l_quantity) FROM lineitem WHERE l_part = ps_part AND l_supplier = ps_supplier))
        AND s_nation = n_key ORDER BY s_name
        """,
        """
        SELECT s_name, count(*) AS waits FROM supplier, lineitem l1, orders WHERE s_key = l1.l_supplier AND o_key = l1.l_order AND o_status = 'F' AND l1.l_received > l1.l_committed
          AND EXISTS (SELECT * FROM lineitem l2 WHERE l2.l_order = l1.l_order AND l2.l_supplier <> l1.l_supplier)
          AND NOT EXISTS (SELECT * FROM lineitem l3 WHERE l3.l_order = l1.l_order AND l3.l_supplier <> l1.l_supplier AND l3.l_received > l3.l_committed)
        GROUP BY s_name ORDER BY waits DESC, s_name
        """,
        """
        SELECT country, count(*) AS customers, sum(balance) AS total FROM (
          SELECT substring(c_phone FROM 1 FOR 2) AS country, c_balance AS balance FROM customer
          WHERE substring(c_phone FROM 1 FOR 2) IN ('12', '16', '19', '23', '26', '30', '33') AND c_balance > (SELECT avg(c_balance) FROM customer WHERE c_balance > 0.00)
            AND NOT EXISTS (SELECT * FROM orders WHERE o_customer = c_key)) AS sales
        GROUP BY country ORDER BY country
        """,
    ];
}
