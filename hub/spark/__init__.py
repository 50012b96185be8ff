"""The bulk engine on Spark, for a region that outgrows one machine. The only room that knows pyspark."""
