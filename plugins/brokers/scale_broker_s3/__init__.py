"""The ``s3`` broker: a workspace that is a bucket, or a part of one, of an object store that speaks S3."""
