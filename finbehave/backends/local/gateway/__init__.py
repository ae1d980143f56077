"""The gateway of a local endpoint: the one process that listens on TCP.

``server`` puts it together; ``http`` keeps malformed and slow clients out; ``app`` answers requests; ``routing`` says
which deployment takes one; ``pool`` gathers waiting requests into batches for ``link``s, each a connection to a worker;
``metrics``, ``predictions`` and ``openapi`` are what can be seen of it; ``commands`` listens to the supervisor.
"""
